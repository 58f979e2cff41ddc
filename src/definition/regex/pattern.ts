import { RegExpParser } from '@eslint-community/regexpp';
import { Alphabet } from './alphabet.js';
import { isExponential, opensManyPaths } from './ambiguity.js';
import { automataOf, TooComplexError } from './automaton.js';

const MAX_LENGTH = 1_000;

export interface PatternProblem {
  message: string;
  hint: string;
}

/** What is wrong with a regular expression of a JSON Schema: it does not parse, or texts exist that it takes ages for. */
export function patternProblem(pattern: string): PatternProblem | undefined {
  if (pattern.length > MAX_LENGTH) {
    return {
      message: `The regular expression has ${pattern.length} characters`,
      hint: `At most ${MAX_LENGTH} are allowed.`,
    };
  }
  try {
    new RegExp(pattern, 'u');
  } catch (error) {
    const hint = 'Patterns are ECMAScript with the u flag: only characters with a meaning may be escaped.';
    return { message: (error as Error).message, hint };
  }
  const cost = costOf(pattern);
  if (cost === undefined) return undefined;
  return {
    message: `The regular expression ${cost}`,
    hint: 'Let each repetition begin or end with a character that the others cannot read, or bound it with {n,m}.',
  };
}

function costOf(source: string): string | undefined {
  try {
    const pattern = new RegExpParser({ ecmaVersion: 2024 }).parsePattern(source, undefined, undefined, {
      unicode: true,
    });
    const alphabet = new Alphabet(pattern);
    const automata = automataOf(pattern);
    if (automata.some((automaton) => isExponential(automaton, alphabet))) return 'can take exponential time';
    if (automata.some((automaton) => opensManyPaths(automaton, alphabet))) return 'can take very long';
    return undefined;
  } catch (error) {
    if (error instanceof TooComplexError) return 'is too complex to be checked';
    throw error;
  }
}
