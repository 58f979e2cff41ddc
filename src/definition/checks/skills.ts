import { isObject, own } from '../json.js';
import { listNames } from '../problems/suggest.js';
import { isWellFormed } from '../text.js';
import { listOf, type CheckContext } from './document.js';

const NATIVE = 'native:';
const NATIVES = ['native:shell', 'native:browser', 'native:network', 'native:agent', 'native:tool'];
/** A skill is a part of a task queue's name, which has 1,000 characters at most. */
const MAX_SKILL_LENGTH = 500;

/** The skills that steps require. */
export function checkSkills({ steps, findings, suggestions }: CheckContext): void {
  for (const step of steps) {
    for (const [index, requirement] of listOf(own(step.raw, 'requires')).entries()) {
      const skill = isObject(requirement) ? own(requirement, 'skill') : undefined;
      if (typeof skill !== 'string') continue;
      const path = [...step.path, 'requires', index, 'skill'];
      if (!isSkill(skill)) {
        const hint = suggestions.hint(skill, NATIVES) ?? 'Write it as native:shell or google:drive.';
        findings.error('BAD_SKILL', path, `Skill '${skill}' is not namespace:name`, { hint });
      } else if (skill.startsWith(NATIVE) && !NATIVES.includes(skill)) {
        const hint = suggestions.hint(skill, NATIVES) ?? `The native skills are ${listNames(NATIVES)}.`;
        findings.error('UNKNOWN_NATIVE_SKILL', path, `Unknown native skill '${skill}'`, { hint });
      }
    }
  }
}

/** Whether a skill is two non-empty parts around one colon. */
export function isSkill(skill: string): boolean {
  const parts = skill.split(':');
  return (
    parts.length === 2 &&
    parts.every((part) => part.trim() !== '') &&
    skill.length <= MAX_SKILL_LENGTH &&
    isWellFormed(skill)
  );
}
