import { DistriError } from '../definition/errors.js';

const VERSION = /^(?:W\/)?"?([1-9]\d{0,8})"?$/;

/** The version in `If-Match`; undefined without one, or for `*`. @throws DistriError `BAD_REQUEST` */
export function ifMatch({ 'if-match': value }: { readonly 'if-match'?: string | undefined }): number | undefined {
  if (value === undefined || value.trim() === '*') return undefined;
  const version = VERSION.exec(value.trim())?.[1];
  if (version === undefined) throw new DistriError('BAD_REQUEST', `If-Match is ${JSON.stringify(value)}: expected a version, such as "3"`, { hint: 'Send the ETag of the workflow as it was got.' });
  return Number(version);
}
