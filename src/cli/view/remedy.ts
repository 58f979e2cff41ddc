import { shellWord } from './text.js';

const NATIVE_REMEDIES: { [skill: string]: string } = {
  'native:agent': 'OPENAI_API_KEY=… distri-workflow worker --skills native:agent   (or DISTRI_MODEL_BASE_URL)',
};

/** The command that makes a missing skill appear. */
export function remedy(skill: string, permissions: readonly string[] = []): string {
  if (skill.startsWith('native:')) return NATIVE_REMEDIES[skill] ?? `distri-workflow worker --skills ${shellWord(skill)}`;
  const flags = permissions.map((permission) => ` --permission ${shellWord(permission)}`).join('');
  return `distri-workflow connections add ${shellWord(skill)}${flags}`;
}
