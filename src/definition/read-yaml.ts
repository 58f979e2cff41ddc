import { Composer, isAlias, isMap, isNode, isPair, isScalar, isSeq, Lexer, Parser, visit } from 'yaml';
import type { CST, Document, Node, Pair, YAMLMap } from 'yaml';
import { inexactness, type InexactNumber } from './exact-json.js';
import { documentBounds, LIMITS, tooDeepMessage } from './limits.js';
import type { Locate } from './positions.js';
import type { Path } from './problems/path.js';
import { SyntaxProblem, type Source } from './source.js';

/** Each level of nesting is one entry of the parser's stack; some are for the document and the scalar at hand. */
const MAX_STACK = LIMITS.depth + 16;
const REFERENCE = /^\s*(input|steps|env|item|context|run)(\.[^\s{}]+)?\s*$/;
/** Anchors and aliases in one file: the library takes time quadratic in their number. */
const MAX_ALIASES = 10_000;
/** Values in one file, with those that merge keys bring in counted wherever they are brought in. */
const MAX_MERGED = 100_000;

/**
 * Reads the text of a YAML file of one document. Anchors, aliases and merge keys (`<<`) are put in.
 *
 * @throws SyntaxProblem
 */
export function readYaml(text: string): Source {
  const document = compose(text);
  refuseDuplicateKeys(document);
  const inexact = keepDigits(document);
  try {
    refuseManyMerges(document);
    // Aliases are shared objects here, not copies: the size is checked before anything expands them.
    const value: unknown = document.toJS({ maxAliasCount: -1 });
    return { value, inexact, origin: { text, locate: yamlLocator(document) } };
  } catch (error) {
    throw new SyntaxProblem('MALFORMED_YAML', `Malformed YAML: ${(error as Error).message}`, 0);
  }
}

function compose(text: string): Document {
  // Duplicate keys are looked for below: the library's own check takes quadratic time.
  const composer = new Composer({ merge: true, uniqueKeys: false, prettyErrors: false, logLevel: 'error' });
  let first: Document | undefined;
  for (const document of composer.compose(tokens(text), false, text.length)) {
    const problem = document.errors[0] ?? document.warnings[0];
    if (problem !== undefined) {
      throw new SyntaxProblem('MALFORMED_YAML', `Malformed YAML: ${problem.message}`, problem.pos[0]);
    }
    if (first !== undefined) {
      const offset = document.contents?.range?.[0] ?? text.length;
      throw new SyntaxProblem('MALFORMED_YAML', 'The file holds more than one YAML document', offset);
    }
    first = document;
  }
  if (first?.contents == null) throw new SyntaxProblem('MALFORMED_YAML', 'The file is empty', 0);
  return first;
}

function* tokens(text: string): Generator<CST.Token> {
  const parser = new Parser();
  let aliases = 0;
  for (const lexeme of new Lexer().lex(text)) {
    if ((lexeme.startsWith('*') || lexeme.startsWith('&')) && ++aliases > MAX_ALIASES) {
      const message = `The file has more than ${MAX_ALIASES} anchors and aliases`;
      throw new SyntaxProblem('MALFORMED_YAML', message, parser.offset);
    }
    yield* parser.next(lexeme);
    // The composer is recursive, so the depth is looked at while the flat stream of tokens passes.
    if (parser.stack.length > MAX_STACK)
      throw new SyntaxProblem('NESTED_TOO_DEEP', tooDeepMessage(documentBounds(LIMITS.bytes)), parser.offset);
  }
  yield* parser.end();
}

function refuseDuplicateKeys(document: Document): void {
  visit(document, {
    Map(_key, map: YAMLMap) {
      const seen = new Set<string>();
      for (const pair of map.items) {
        const offset = offsetOf(pair.key) ?? 0;
        if (!isScalar(pair.key)) {
          const advice = map.flow === true ? "; a reference is written in quotes: '{input.x}'" : '';
          throw new SyntaxProblem('MALFORMED_YAML', `A key must be plain text${advice}`, offset);
        }
        const key = keyText(pair);
        if (map.flow === true && pair.value === null && REFERENCE.test(key)) {
          const message = `{${key}} is a map in YAML, not a reference: quote it, '{${key}}'`;
          throw new SyntaxProblem('MALFORMED_YAML', message, offset);
        }
        if (seen.has(key)) {
          throw new SyntaxProblem('MALFORMED_YAML', `Malformed YAML: the key '${key}' stands twice in one map`, offset);
        }
        seen.add(key);
      }
    },
  });
}

/** Refuses what takes the library long: it reads a merged map anew wherever it is merged, and what is merged there too. */
function refuseManyMerges(document: Document): void {
  const costs = new Map<unknown, number>();
  const costOf = (node: unknown): number => {
    const known = costs.get(node);
    if (known !== undefined) return known;
    // A map that merges itself costs without end.
    costs.set(node, Infinity);
    let cost = 1;
    if (isSeq(node)) for (const item of node.items) cost += costOf(item);
    if (isMap(node)) for (const pair of node.items) cost += isMerge(pair) ? mergeCost(pair.value) : costOf(pair.value);
    costs.set(node, cost);
    return cost;
  };
  const mergeCost = (value: unknown): number =>
    (isSeq(value) ? value.items : [value]).reduce((sum: number, source) => sum + costOf(isAlias(source) ? source.resolve(document) : source), 1);
  const cost = costOf(document.contents);
  if (cost > MAX_MERGED && hasMerge(document)) throw new Error(`Merge keys (<<) bring in more than ${MAX_MERGED} values`);
}

function hasMerge(document: Document): boolean {
  let found = false;
  visit(document, { Pair: (_, pair) => (isMerge(pair) ? ((found = true), visit.BREAK) : undefined) });
  return found;
}

function isMerge(pair: Pair): boolean {
  return isScalar(pair.key) && typeof pair.key.value === 'symbol';
}

/** Puts the digits, as text, in place of numbers that a double does not keep; keys as well. */
function keepDigits(document: Document): InexactNumber[] {
  const inexact: InexactNumber[] = [];
  visit(document, {
    Scalar(key, node, ancestors) {
      const { value, source } = node as { value: unknown; source?: string };
      if (typeof value !== 'number' || source === undefined) return;
      const literal = source.replaceAll('_', '');
      const kept = Number.isFinite(value) ? inexactnessOf(literal, value) : 'text';
      if (kept === undefined) return;
      if (kept === 'text') node.value = source;
      if (key !== 'key') inexact.push({ path: pathTo(ancestors, key), literal: source, kept });
    },
  });
  return inexact;
}

/** YAML also has `+1`, `0x1F` and `0o17`. */
function inexactnessOf(literal: string, value: number): InexactNumber['kept'] | undefined {
  if (/^0[xo]/i.test(literal)) return BigInt(literal) === BigInt(value) ? undefined : 'text';
  return inexactness(literal);
}

function pathTo(ancestors: readonly unknown[], key: unknown): Path {
  const path: (string | number)[] = [];
  for (const [depth, parent] of ancestors.entries()) {
    const next = ancestors[depth + 1];
    if (isPair(parent)) path.push(keyText(parent));
    else if (isSeq(parent)) path.push(next === undefined ? Number(key) : parent.items.indexOf(next));
  }
  return path;
}

function keyText(pair: Pair): string {
  if (!isScalar<string | number | boolean | symbol | null>(pair.key)) return '';
  const { value } = pair.key;
  return typeof value === 'symbol' ? (value.description ?? '') : String(value ?? '');
}

function offsetOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}

/** What lies below an alias is found at the alias. */
function yamlLocator(document: Document): Locate {
  const pairs = new WeakMap<Node, Map<string, Pair>>();
  const pairOf = (map: YAMLMap, key: string): Pair | undefined => {
    let byKey = pairs.get(map);
    if (byKey === undefined) {
      byKey = new Map(map.items.map((pair) => [keyText(pair), pair]));
      pairs.set(map, byKey);
    }
    return byKey.get(key);
  };
  return (path: Path, at) => {
    let node: unknown = document.contents;
    let offset = offsetOf(node);
    for (const [depth, segment] of path.entries()) {
      if (isAlias(node)) break;
      const pair = isMap(node) && typeof segment === 'string' ? pairOf(node, segment) : undefined;
      node = isSeq(node) && typeof segment === 'number' ? node.items[segment] : pair?.value;
      if (isPair(node) || (node === undefined && pair === undefined)) break;
      const wanted = at === 'key' && depth === path.length - 1 ? pair?.key : node;
      offset = offsetOf(wanted) ?? offsetOf(pair?.key) ?? offset;
    }
    return offset;
  };
}
