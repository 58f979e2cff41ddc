import { isObject, own, type JsonValue } from './json.js';

const isArray = Array.isArray;
const ChildMap = Map<string, PathNode>;

type Container = JsonValue | { readonly [key: string]: JsonValue };

/** Follows the segments from `start` on: own keys of objects, `0|[1-9][0-9]*` on arrays. Undefined when it ends early. */
export function walk(root: Container, segments: readonly string[], start = 0): JsonValue | undefined {
  let value: Container | undefined = root;
  for (let i = start; i < segments.length; i++) {
    const segment = segments[i] ?? '';
    if (isArray(value)) value = element(value, segment);
    else if (isObject(value)) value = own(value, segment);
    else return undefined;
  }
  return value;
}

function element(array: readonly JsonValue[], segment: string): JsonValue | undefined {
  const index = +segment;
  return `${index}` === segment ? array[index] : undefined;
}

/** Values by path: a path's own value or its nearest ancestor's is found in one walk, however long the path is. */
export class PathTree {
  readonly #root: PathNode = {};

  set(segments: readonly string[], value: JsonValue): void {
    let node = this.#root;
    for (const segment of segments) {
      node.children ??= new ChildMap();
      let child = node.children.get(segment);
      if (child === undefined) node.children.set(segment, (child = {}));
      node = child;
    }
    node.value = value;
  }

  /** The value of the path, else what the rest of the path finds in the value of the longest path above it. */
  get(segments: readonly string[]): JsonValue | undefined {
    let node: PathNode | undefined = this.#root;
    let nearest: JsonValue | undefined;
    let depth = 0;
    for (let i = 0; i < segments.length; i++) {
      node = node.children?.get(segments[i] ?? '');
      if (node === undefined) break;
      if (node.value === undefined) continue;
      nearest = node.value;
      depth = i + 1;
    }
    return nearest === undefined ? undefined : walk(nearest, segments, depth);
  }
}

interface PathNode {
  value?: JsonValue;
  children?: Map<string, PathNode>;
}
