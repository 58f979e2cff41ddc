/** Ten years, in seconds: longer delays are mistakes, and Temporal's timers have a limit. */
export const LONGEST_SECS = 10 * 366 * 86_400;
/** Temporal keeps times as nanoseconds since the epoch, which end in 2262. */
const LATEST = Date.UTC(2200, 0, 1);

/** The rule for `secs`, for messages. */
export const SECS_RULE = `secs must be a number from 0 to ${LONGEST_SECS}`;
/** The rule for `until`, for messages. */
export const UNTIL_RULE = 'until must be a time such as 2027-01-31T09:00:00Z, before 2200';

const TIME = /^(\d{4}-\d{2}-\d{2})(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/;

/** The seconds that a value says; undefined when it says none. Numbers may be written as text. */
export function secsOf(value: unknown): number | undefined {
  const secs = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof secs === 'number' && secs >= 0 && secs <= LONGEST_SECS ? secs : undefined;
}

/**
 * The time that a value says, in milliseconds since the epoch; undefined when it says none. Without an offset it is UTC:
 * the zone of a machine must not change what a run does.
 */
export function timeOf(value: unknown): number | undefined {
  const [text, date, offset] = (typeof value === 'string' && TIME.exec(value.trim())) || [];
  if (text === undefined || date === undefined || !isDate(date)) return undefined;
  const at = Date.parse(text.length > date.length && offset === undefined ? `${text}Z` : text);
  return at < LATEST ? at : undefined;
}

/** Whether the calendar has the day: 30 February would become a day of March. */
function isDate(date: string): boolean {
  const at = Date.parse(`${date}T00:00:00Z`);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(date);
}
