/** A cron expression or time zone that no schedule can have. */
export class CronError extends Error {}

interface Field {
  readonly name: string;
  readonly least: number;
  readonly most: number;
  /** Names of the values from `least` on. */
  readonly names?: readonly string[];
}

const FIELDS: readonly Field[] = [
  { name: 'minute', least: 0, most: 59 },
  { name: 'hour', least: 0, most: 23 },
  { name: 'day of the month', least: 1, most: 31 },
  { name: 'month', least: 1, most: 12, names: ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'] },
  { name: 'day of the week', least: 0, most: 7, names: ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'] },
];

const SHORT: { readonly [name: string]: string } = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

const MOST_DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/**
 * The expressions, as Temporal reads them, whose times together are those of a cron expression of five fields or a name
 * such as `@daily`. As in crontab(5), a day counts when either the day of the month or that of the week fits, if both are
 * restricted; Temporal by itself wants both.
 * @throws CronError for anything else, and for a day that no month has
 */
export function cronExpressions(text: string): string[] {
  const fields = (SHORT[text.trim().toLowerCase()] ?? text.trim()).split(/\s+/);
  if (fields.length !== FIELDS.length) {
    throw new CronError(`'${text}' is no cron expression: expected five fields (minute, hour, day of the month, month, day of the week) or ${Object.keys(SHORT).join(', ')}`);
  }
  const [, , days = [], months = []] = FIELDS.map((field, index) => valuesOf(fields[index] ?? '', field));
  const [minute = '', hour = '', dayOfMonth = '', month = '', dayOfWeek = ''] = fields;
  const byDate = !dayOfMonth.startsWith('*');
  const byDay = !dayOfWeek.startsWith('*');
  if (byDate && byDay) return [[minute, hour, dayOfMonth, month, '*'].join(' '), [minute, hour, '*', month, dayOfWeek].join(' ')];
  if (byDate && months.every((number) => days.every((day) => day > (MOST_DAYS[number - 1] ?? 0)))) {
    throw new CronError(`'${text}' never comes: no such month has that day`);
  }
  return [fields.join(' ')];
}

/** All values of a field. Throws CronError. */
function valuesOf(text: string, field: Field): number[] {
  return text.split(',').flatMap((part) => {
    const [, range = '', step] = /^([^/]+)(?:\/(\d{1,4}))?$/.exec(part) ?? [];
    const [from = '', to, ...more] = range.split('-');
    const start = from === '*' ? field.least : valueOf(from, field);
    const end = to === undefined ? (from === '*' || step !== undefined ? field.most : start) : valueOf(to, field);
    if (start === undefined || end === undefined || end < start || more.length > 0 || (from === '*' && to !== undefined) || step === '0') {
      const names = field.names === undefined ? '' : ` or ${field.names[0]}-${field.names.at(-1)}`;
      throw new CronError(`'${part}' is no ${field.name}: expected *, numbers from ${field.least} to ${field.most}${names}, ranges such as 1-5, steps such as */2, and lists of these`);
    }
    const values: number[] = [];
    for (let value = start; value <= end; value += Number(step ?? 1)) values.push(value);
    return values;
  });
}

function valueOf(text: string, { least, most, names }: Field): number | undefined {
  const named = names?.indexOf(text.toUpperCase()) ?? -1;
  if (named >= 0) return named + least;
  if (!/^\d{1,2}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= least && value <= most ? value : undefined;
}

/**
 * The name of a time zone as everybody spells it. Absent: UTC.
 * @throws CronError for one that does not exist
 */
export function timeZone(name = 'UTC'): string {
  try {
    const { timeZone: known } = new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions();
    // Newer engines take offsets, which have no rules for summer time and are unknown to Temporal.
    if (!/^[+-]/.test(known)) return known;
  } catch {
    // As below.
  }
  throw new CronError(`'${name}' is no time zone: expected a name such as Europe/Berlin or UTC`);
}
