import { DistriError } from '../definition/errors.js';
import { isWellFormed } from '../definition/text.js';
import { kinds, type ActivityKindName } from '../kinds/index.js';
import type { ToolSet } from './tool-set.js';

const NATIVES = ['native:network', 'native:shell', 'native:tool', 'native:agent', 'native:browser'];
const SHAPE = /^[^:\s]+:[^:\s]+$/;
const MAX_CHARS = 200;

/** What decides which skills a worker can serve. */
export interface Abilities {
  readonly tools: ToolSet;
  /** Whether a model is configured. */
  readonly model: boolean;
}

/**
 * Checks skills that were asked for by name.
 * @throws DistriError `BAD_SKILL`, `UNKNOWN_NATIVE_SKILL`, or `USAGE` when this worker lacks what the skill needs.
 */
export function checkSkills(skills: readonly string[], { tools, model }: Abilities): void {
  const toolSkills = tools.skills();
  for (const skill of skills) {
    const known = checkName(skill);
    if (skill === 'native:agent' && !model && !toolSkills.includes(skill)) {
      throw new DistriError('USAGE', "This worker cannot serve the skill 'native:agent': no model is configured", {
        hint: 'Configure a model (base URL, key and name), or leave native:agent out of the skills.',
      });
    }
    if (known && !hasKind(skill) && !toolSkills.includes(skill)) {
      throw new DistriError('USAGE', `This worker cannot serve the skill '${skill}': none of its tools needs it`, {
        hint: `Give the worker a tool whose skill is ${skill}, or leave it out of the skills.`,
      });
    }
  }
}

/** Whether the skill is a native one. */
function checkName(skill: string): boolean {
  if (!SHAPE.test(skill) || !isWellFormed(skill) || skill.length > MAX_CHARS) {
    throw new DistriError('BAD_SKILL', `'${skill.slice(0, MAX_CHARS)}' is not a skill: two parts around one colon are expected`, {
      hint: 'For example native:shell or google:drive.',
    });
  }
  if (!skill.startsWith('native:')) return false;
  if (NATIVES.includes(skill)) return true;
  throw new DistriError('UNKNOWN_NATIVE_SKILL', `There is no native skill '${skill}'`, {
    hint: `The native skills are ${NATIVES.join(', ')}.`,
  });
}

function hasKind(skill: string): boolean {
  return Object.values(kinds).some((kind) => kind.runs === 'activity' && kind.skill === skill);
}

/** Every skill that this worker can serve: the natives, its tools' skills and those of the connections. */
export function allSkills({ tools, model }: Abilities, connections: readonly string[]): string[] {
  const natives = NATIVES.filter((skill) => hasKind(skill) && (skill !== 'native:agent' || model));
  return [...new Set([...natives, ...tools.skills(), ...connections])];
}

/** Whether a connection's skill can be a queue: the file that it comes from was written by others. */
export function canBeServed(skill: string): boolean {
  return SHAPE.test(skill) && isWellFormed(skill) && skill.length <= MAX_CHARS && !skill.startsWith('native:');
}

/**
 * The kinds that a worker runs on a skill's queue. A native queue has the kinds that need it, and tools, which may name
 * any skill. The queue of a connection or a tool has every kind, `script` only when the worker was started with
 * native:shell; an agent may find its model in the connection.
 */
export function kindsOn(skill: string, served: readonly string[]): ActivityKindName[] {
  const able: { [N in ActivityKindName]: boolean } = {
    api_call: true,
    tool_call: true,
    script: served.includes('native:shell'),
    agent_run: true,
  };
  const names = Object.keys(able) as ActivityKindName[];
  const here = (name: ActivityKindName) =>
    !skill.startsWith('native:') || kinds[name].skill === skill || name === 'tool_call';
  return names.filter((name) => able[name] && here(name));
}
