import { ilike, or, sql, type SQL } from 'drizzle-orm';
import { isObject, own } from '../../definition/json.js';
import { cut } from '../../definition/text.js';
import { innerDocument } from '../../definition/unwrap.js';
import { workflows } from '../tables.js';

/** Longer words are not found: an index does not take every length. */
const LONGEST_WORD = 200;
/** UTF-16 units; a text search vector holds 1 MB. */
const LONGEST_TEXT = 200_000;

/** Letters and digits in lower case: the text and the question are taken apart alike, whatever the database makes of punctuation. */
function wordsOf(text: string): string[] {
  return (text.normalize('NFKC').toLowerCase().match(/[\p{L}\p{M}\p{N}]+/gu) ?? []).filter((word) => word.length <= LONGEST_WORD);
}

/** The words by which a workflow is found: of its name, description and tags, and of the ids and labels of its steps. */
export function searchText({ name, description, tags }: { name: string; description: string | null; tags: readonly string[] }, document: string): string {
  const texts = [name, description ?? '', ...tags, ...stepTexts(document)];
  return cut([...new Set(texts.flatMap(wordsOf))].join(' '), LONGEST_TEXT);
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
  const words = wordsOf(question);
  const query = words.map((word, index) => (index === words.length - 1 ? `${word}:*` : word)).join(' & ');
  const pattern = `%${question.replace(/[\\%_]/g, '\\$&')}%`;
  return or(
    words.length === 0 ? undefined : sql`${workflows.search} @@ to_tsquery('simple', ${query})`,
    ilike(workflows.name, pattern),
    ilike(workflows.description, pattern),
  );
}
