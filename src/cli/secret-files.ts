import { readFileSync } from 'node:fs';
import { messageOf } from '../definition/text.js';
import { UsageError } from './errors.js';

/** What gives access to the store, to Temporal or to everybody's connections. */
const KEYS = /^(DATABASE_URL|DISTRI_SECRET_KEYS|DISTRI_ENCRYPTION_KEYS|TEMPORAL_API_KEY|DISTRI_PROVIDER_\w+_CLIENT_SECRET)$/;
const OTHERS = /^(DISTRI_TOKEN|DISTRI_CODEC_TOKEN|DISTRI_MODEL_API_KEY|OPENAI_API_KEY)$/;
const SUFFIX = '_FILE';

/**
 * The variables with the secrets that stand in files: `NAME_FILE` names the file of the secret `NAME`, as with the images of databases.
 * The end of its last line does not count.
 * @throws UsageError when both are given, or the file cannot be read or is empty
 */
export function withSecretFiles(variables: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const all = { ...variables };
  for (const [variable, file] of Object.entries(variables)) {
    const name = variable.slice(0, -SUFFIX.length);
    if (!variable.endsWith(SUFFIX) || !file || !(KEYS.test(name) || OTHERS.test(name))) continue;
    if (all[name]) throw new UsageError(`${name} and ${variable} are both set`, 'Keep one of them.');
    all[name] = contentOf(variable, file);
  }
  return all;
}

function contentOf(variable: string, file: string): string {
  let content: string;
  try {
    content = readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    throw new UsageError(`The file of ${variable} cannot be read: ${messageOf(error)}`, 'Name a file that this user may read.');
  }
  if (content === '') throw new UsageError(`The file of ${variable}, ${file}, is empty`, 'Write the secret into it.');
  return content;
}

/** Takes the keys out of a process's environment, so that the tools that it loads do not find them there. */
export function hideKeys(variables: NodeJS.ProcessEnv): void {
  for (const name of Object.keys(variables)) if (KEYS.test(name)) delete variables[name];
}
