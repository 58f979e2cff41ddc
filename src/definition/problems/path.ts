/** The way from the root of a document to a value: object keys and array positions. */
export type Path = readonly (string | number)[];

const PLAIN_KEY = /^[A-Za-z_$][\w$]*$/;

/** The path as a JSON path: `$.steps[2].kind.url`, with unusual keys quoted as in `$["a b"]`. */
export function formatPath(path: Path): string {
  let text = '$';
  for (const segment of path) {
    if (typeof segment === 'number') text += `[${segment}]`;
    else if (PLAIN_KEY.test(segment)) text += `.${segment}`;
    else text += `[${JSON.stringify(segment)}]`;
  }
  return text;
}
