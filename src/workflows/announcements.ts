import { isObject } from '../definition/json.js';
import { ANNOUNCEMENT_TTL_SECS, type ToolEntry, type WorkerAnnouncement } from '../definition/messages.js';
import { isWellFormed } from '../definition/text.js';

const MAX_SCHEMA_BYTES = 100 * 1024;
const MAX_BYTES = 1536 * 1024;
const ROWS = 50;
const LONGEST_SKILL = 200;

/** What the catalogue hands on when it continues as new. Each tool is held once, however many workers offer it. */
export interface CatalogueState {
  offers: Offer[];
  tools: ToolEntry[];
}

interface Offer {
  identity: string;
  skills: string[];
  /** Keys of tools. */
  tools: string[];
  /** Milliseconds since 1970. */
  expires: number;
}

function keyOf(tool: ToolEntry): string {
  return JSON.stringify([tool.name, tool.skill, tool.hash]);
}

function bytes(value: unknown): number {
  return value === undefined ? 0 : new TextEncoder().encode(JSON.stringify(value)).length;
}

function isTool(value: unknown): value is ToolEntry {
  return isObject(value) && typeof value['name'] === 'string' && typeof value['hash'] === 'string' && isSkillName(value['skill']);
}

/** A skill becomes a part of a task queue's name, which must be writable as UTF-8. */
function isSkillName(value: unknown): value is string {
  return typeof value === 'string' && value.length <= LONGEST_SKILL && isWellFormed(value);
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((text) => typeof text === 'string');
}

/** Whoever starts the catalogue without our workers may give it anything. */
function isOffer(value: unknown): value is Offer {
  if (!isObject(value)) return false;
  const { identity, skills, tools, expires } = value;
  return typeof identity === 'string' && isTexts(skills) && isTexts(tools) && typeof expires === 'number' && Number.isFinite(expires);
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Whether a signal's argument can be used: a malformed one must not fail the workflow task for ever. */
export function isAnnouncement(value: unknown): value is WorkerAnnouncement {
  if (!isObject(value)) return false;
  const { identity, skills, tools, expires_at: expires } = value;
  return (
    typeof identity === 'string' &&
    Array.isArray(skills) &&
    skills.every(isSkillName) &&
    Array.isArray(tools) &&
    tools.every(isTool) &&
    typeof expires === 'string' &&
    !Number.isNaN(Date.parse(expires))
  );
}

function withoutLargeSchemas(tool: ToolEntry): ToolEntry {
  const { input_schema: input, output_schema: output, ...rest } = tool;
  return {
    ...rest,
    ...(input !== undefined && bytes(input) <= MAX_SCHEMA_BYTES ? { input_schema: input } : {}),
    ...(output !== undefined && bytes(output) <= MAX_SCHEMA_BYTES ? { output_schema: output } : {}),
  };
}

function bare(tool: ToolEntry): ToolEntry {
  return { name: tool.name, skill: tool.skill, hash: tool.hash };
}

/** What the workers of one queue prefix offer. Its size is bounded: schemas go first, then the oldest offers. */
export class Announcements {
  readonly #offers = new Map<string, Offer>();
  readonly #tools = new Map<string, ToolEntry>();

  constructor(state?: CatalogueState) {
    for (const offer of listOf(state?.offers)) if (isOffer(offer)) this.#offers.set(offer.identity, offer);
    for (const tool of listOf(state?.tools)) if (isTool(tool)) this.#tools.set(keyOf(tool), tool);
  }

  /** Takes an announcement in the place of the worker's former one; one that has expired takes the worker away. */
  announce(announcement: WorkerAnnouncement, now: number): void {
    const { identity, skills } = announcement;
    const expires = Math.min(Date.parse(announcement.expires_at), now + ANNOUNCEMENT_TTL_SECS * 1000);
    const tools = announcement.tools.map(withoutLargeSchemas);
    for (const tool of tools) this.#tools.set(keyOf(tool), tool);
    this.#offers.delete(identity);
    this.#offers.set(identity, { identity, skills, tools: tools.map(keyOf), expires });
    this.expire(now);
    this.#shrink();
  }

  expire(now: number): void {
    for (const offer of this.#offers.values()) if (offer.expires <= now) this.#offers.delete(offer.identity);
    this.#forgetUnusedTools();
  }

  #forgetUnusedTools(): void {
    const used = new Set([...this.#offers.values()].flatMap((offer) => offer.tools));
    for (const key of this.#tools.keys()) if (!used.has(key)) this.#tools.delete(key);
  }

  /** When the next worker expires, in milliseconds since 1970. */
  get nextExpiry(): number | undefined {
    if (this.#offers.size === 0) return undefined;
    return [...this.#offers.values()].reduce((least, offer) => Math.min(least, offer.expires), Infinity);
  }

  /** A tool that several workers offer has its schemas and description at its first mention only. */
  list(): WorkerAnnouncement[] {
    const told = new Set<string>();
    const mention = (key: string): ToolEntry[] => {
      const tool = this.#tools.get(key);
      if (tool === undefined) return [];
      if (told.has(key)) return [bare(tool)];
      told.add(key);
      return [tool];
    };
    return [...this.#offers.values()].map(({ identity, skills, tools, expires }) => ({
      identity,
      skills,
      tools: tools.flatMap(mention),
      expires_at: new Date(expires).toISOString(),
    }));
  }

  state(): CatalogueState {
    return { offers: [...this.#offers.values()], tools: [...this.#tools.values()] };
  }

  /** Markdown for the Web UI. */
  details(): string {
    const offers = [...this.#offers.values()];
    const rows = offers.slice(-ROWS).map((offer) => {
      const names = offer.tools.flatMap((key) => this.#tools.get(key)?.name ?? []);
      return `- **${offer.identity}**: ${offer.skills.join(', ') || 'no skills'}; tools: ${names.slice(0, 20).join(', ') || 'none'}${
        names.length > 20 ? ` and ${names.length - 20} more` : ''
      }`;
    });
    return [`${offers.length} live worker(s)`, '', ...rows].join('\n');
  }

  #shrink(): void {
    let size = Math.max(bytes(this.list()), bytes(this.state()));
    if (size <= MAX_BYTES) return;
    const sized = [...this.#tools].map(([key, tool]) => ({ key, tool, size: bytes(tool) })).sort((a, b) => b.size - a.size);
    for (const { key, tool, size: before } of sized) {
      if (size <= MAX_BYTES) return;
      const small = bare(tool);
      this.#tools.set(key, small);
      size -= before - bytes(small);
    }
    for (const offer of [...this.#offers.values()]) {
      if (size <= MAX_BYTES) break;
      this.#offers.delete(offer.identity);
      size -= bytes(offer);
    }
    this.#forgetUnusedTools();
  }
}
