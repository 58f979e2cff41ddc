import { plain, shellWord } from './text.js';

const NATIVE_REMEDIES: { [skill: string]: string } = {
  'native:agent': 'OPENAI_API_KEY=… distri-workflow worker --skills native:agent   (or DISTRI_MODEL_BASE_URL)',
};

/** Reasons that say no more than that it is missing. */
const PLAIN_REASON = /^(there is no connection|no live worker has the skill) /;

/** Why skills are missing, where that says more than that they are; each on a line. */
export function reasonLines(reasons: { readonly [skill: string]: string } = {}): string[] {
  return Object.entries(reasons)
    .filter(([, reason]) => !PLAIN_REASON.test(reason))
    .map(([skill, reason]) => `    ${plain(skill)}: ${plain(reason)}`);
}

/** The command that makes a missing skill appear. */
export function remedy(skill: string, permissions: readonly string[] = []): string {
  if (skill.startsWith('native:')) return NATIVE_REMEDIES[skill] ?? `distri-workflow worker --skills ${shellWord(skill)}`;
  const flags = permissions.map((permission) => ` --permission ${shellWord(permission)}`).join('');
  return `distri-workflow connections add ${shellWord(skill)}${flags}`;
}
