import { ilike, or, sql, type SQL } from 'drizzle-orm';
import { isObject, own } from '../../definition/json.js';
import { cut } from '../../definition/text.js';
import { innerDocument } from '../../definition/unwrap.js';
import { workflows } from '../tables.js';

/** Longer words are not found: an index does not take every length. */
const LONGEST_WORD = 200;
/** UTF-16 units; a text search vector holds 1 MB. */
const LONGEST_TEXT = 200_000;

/** Letters that no normal form takes apart, as people write them without their keyboard's help. */
const PLAIN = new Map([['ß', 'ss'], ['æ', 'ae'], ['œ', 'oe'], ['ø', 'o'], ['ł', 'l'], ['đ', 'd'], ['ı', 'i']]);
/** Signs that tell names apart when they end a word (C, C++, C#), as letters, since the database drops signs. */
const SIGNS = new Map([['+', 'plus'], ['#', 'sharp']]);
const WORD = /([\p{L}\p{M}\p{N}]+)((?:\++|#)(?![\p{L}\p{M}\p{N}+#]))?/gu;

/** Without accents: who searches may not have them on the keyboard. Marks of other scripts stay, since they are vowels there. */
function plain(word: string): string {
  return word.normalize('NFKD').replace(/[\u0300-\u036f]/g, '').normalize('NFC').replace(/[ßæœøłđı]/g, (letter) => PLAIN.get(letter) ?? letter);
}

/** Letters and digits in lower case: the text and the question are taken apart alike, whatever the database makes of punctuation. */
function wordsOf(text: string): { word: string; signed: string }[] {
  const found = [...text.normalize('NFKC').toLowerCase().matchAll(WORD)];
  return found.flatMap(([, word = '', signs = '']) => {
    const signed = word + [...signs].map((sign) => SIGNS.get(sign)).join('');
    return signed.length <= LONGEST_WORD ? [{ word, signed }] : [];
  });
}

/** The words by which a workflow is found: of its name, description and tags, and of the ids and labels of its steps. */
export function searchText({ name, description, tags }: { name: string; description: string | null; tags: readonly string[] }, document: string): string {
  const texts = [name, description ?? '', ...tags, ...stepTexts(document)];
  const words = texts.flatMap(wordsOf).flatMap(({ word, signed }) => [plain(word), plain(signed)]);
  return cut([...new Set(words)].join(' '), LONGEST_TEXT);
}

function stepTexts(document: string): string[] {
  const value: unknown = JSON.parse(document);
  const steps = isObject(value) ? own(innerDocument(value), 'steps') : undefined;
  const texts = (Array.isArray(steps) ? steps : []).flatMap((step) => (isObject(step) ? [own(step, 'id'), own(step, 'label')] : []));
  return texts.filter((text) => typeof text === 'string');
}

/**
 * Workflows that have all words of the question, where the last one may be the beginning of a word, or the question as it is
 * in their name or description.
 */
export function matches(question: string): SQL | undefined {
  const words = wordsOf(question).map(({ signed }) => signed);
  // Workflows that were stored before accents were dropped are found by the word as it is.
  const queries = new Set([prefixed(words.map(plain)), prefixed(words)]);
  const pattern = `%${question.replace(/[\\%_]/g, '\\$&')}%`;
  return or(
    ...(words.length === 0 ? [] : [...queries].map((query) => sql`${workflows.search} @@ to_tsquery('simple', ${query})`)),
    ilike(workflows.name, pattern),
    ilike(workflows.description, pattern),
  );
}

function prefixed(words: readonly string[]): string {
  return words.map((word, index) => (index === words.length - 1 ? `${word}:*` : word)).join(' & ');
}
