import { sql, type SQL } from 'drizzle-orm';
import {
  bigserial,
  boolean,
  customType,
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import type { JsonValue } from '../definition/json.js';

/** One schema for Postgres and PGlite. After a change: `npm run migrations`. */

const instant = (name: string) => timestamp(name, { withTimezone: true, precision: 3 });
const tsvector = customType<{ data: string }>({ dataType: () => 'tsvector' });

export const workflows = pgTable(
  'workflows',
  {
    id: text().primaryKey(),
    owner: text().notNull(),
    name: text().notNull(),
    description: text(),
    /** The definition's own id, by which other documents may call it. */
    definitionId: text('definition_id').notNull(),
    tags: text().array().notNull().default([]),
    isPublic: boolean('is_public').notNull().default(false),
    isTemplate: boolean('is_template').notNull().default(false),
    starCount: integer('star_count').notNull().default(0),
    cloneCount: integer('clone_count').notNull().default(0),
    clonedFrom: text('cloned_from'),
    /** It is a clone whose definition was not saved since: its triggers start nothing. */
    isUnsavedClone: boolean('is_unsaved_clone').notNull().default(false),
    /** The newest version. */
    version: integer().notNull(),
    /** The version whose triggers are in `triggers`; another one than the newest after an outage between the two. */
    triggersVersion: integer('triggers_version').notNull().default(0),
    stepCount: integer('step_count').notNull(),
    /** The words that a search finds: name, description, labels and ids of steps, tags. */
    searchText: text('search_text').notNull(),
    search: tsvector().generatedAlwaysAs((): SQL => sql`to_tsvector('simple', search_text)`),
    createdAt: instant('created_at').notNull().defaultNow(),
    updatedAt: instant('updated_at').notNull().defaultNow(),
  },
  (table) => [
    index('workflows_by_owner').on(table.owner, table.updatedAt, table.id),
    index('workflows_by_update').on(table.updatedAt, table.id),
    // An id may be longer than a B-tree takes.
    index('workflows_by_definition').using('hash', table.definitionId),
    index('workflows_search').using('gin', table.search),
    index('workflows_tags').using('gin', table.tags),
  ],
);

export const workflowVersions = pgTable(
  'workflow_versions',
  {
    workflowId: text('workflow_id')
      .notNull()
      .references(() => workflows.id, { onDelete: 'cascade' }),
    version: integer().notNull(),
    /** Of the parsed definition, as `validateWorkflow` gives it. */
    contentHash: text('content_hash').notNull(),
    /** Byte for byte as it was sent; null: that of `documentOf`. */
    document: text(),
    /** The version whose document this one has, when something else was changed. */
    documentOf: integer('document_of'),
    author: text().notNull(),
    note: text(),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.workflowId, table.version] })],
);

export const workflowShares = pgTable(
  'workflow_shares',
  {
    workflowId: text('workflow_id')
      .notNull()
      .references(() => workflows.id, { onDelete: 'cascade' }),
    userId: text('user_id').notNull(),
    role: text({ enum: ['read', 'run', 'edit'] }).notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.workflowId, table.userId] }), index('workflow_shares_by_user').on(table.userId)],
);

export const workflowStars = pgTable(
  'workflow_stars',
  {
    workflowId: text('workflow_id')
      .notNull()
      .references(() => workflows.id, { onDelete: 'cascade' }),
    userId: text('user_id').notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.workflowId, table.userId] }), index('workflow_stars_by_user').on(table.userId)],
);

/** Owner of the connections that everybody's runs may use. */
export const SHARED_OWNER = '';

export const connections = pgTable(
  'connections',
  {
    id: text().primaryKey(),
    /** A user, or `SHARED_OWNER`. */
    owner: text().notNull(),
    skill: text().notNull(),
    /** A provider of `providers/`, e.g. `google`. */
    provider: text().notNull(),
    /** The account as its provider names it. */
    account: text(),
    status: text({ enum: ['active', 'broken'] }).notNull().default('active'),
    /** Why it is broken. */
    problem: text(),
    permissions: text().array().notNull().default([]),
    env: jsonb().$type<{ [name: string]: string }>().notNull().default({}),
    /** What is secret (secrets, headers, tokens), encrypted: `v1.<key id>.<nonce>.<ciphertext and tag>`. */
    sealed: text().notNull(),
    hosts: text().array().notNull().default([]),
    /** Changes whenever the connection does. */
    revision: text().notNull(),
    expiresAt: instant('expires_at'),
    createdAt: instant('created_at').notNull().defaultNow(),
    updatedAt: instant('updated_at').notNull().defaultNow(),
  },
  (table) => [uniqueIndex('connections_by_skill').on(table.owner, table.skill)],
);

/** Consents that are under way at a provider. */
export const oauthStates = pgTable('oauth_states', {
  /** SHA-256 of the state, in hexadecimal: who reads the table cannot use it. */
  stateHash: text('state_hash').primaryKey(),
  owner: text().notNull(),
  skill: text().notNull(),
  provider: text().notNull(),
  permissions: text().array().notNull(),
  /** The PKCE verifier, encrypted as in `connections`. */
  sealed: text().notNull(),
  /** Where the browser goes afterwards. */
  returnTo: text('return_to'),
  expiresAt: instant('expires_at').notNull(),
});

export const apiTokens = pgTable(
  'api_tokens',
  {
    id: text().primaryKey(),
    /** SHA-256 of the token, in hexadecimal; a token has 256 random bits, so no salt is needed. */
    hash: text().notNull(),
    name: text().notNull(),
    userId: text('user_id').notNull(),
    scopes: text().array().notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
    expiresAt: instant('expires_at'),
    revokedAt: instant('revoked_at'),
    lastUsedAt: instant('last_used_at'),
  },
  (table) => [uniqueIndex('api_tokens_by_hash').on(table.hash), index('api_tokens_by_user').on(table.userId)],
);

export const triggers = pgTable(
  'triggers',
  {
    id: text().primaryKey(),
    workflowId: text('workflow_id')
      .notNull()
      .references(() => workflows.id, { onDelete: 'cascade' }),
    entryPointId: text('entry_point_id').notNull(),
    type: text({ enum: ['schedule', 'webhook', 'event'] }).notNull(),
    /** The trigger as the document has it. */
    config: jsonb().$type<{ [key: string]: JsonValue }>().notNull(),
    /** Of a webhook. */
    path: text(),
    /** Of an event. */
    topic: text(),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (table) => [
    uniqueIndex('triggers_by_path').on(table.path),
    index('triggers_by_topic').on(table.topic),
    index('triggers_by_workflow').on(table.workflowId),
  ],
);

/** Deliveries of webhooks that proved where they come from: none starts two runs. */
export const webhookDeliveries = pgTable(
  'webhook_deliveries',
  {
    triggerId: text('trigger_id').notNull(),
    deliveryId: text('delivery_id').notNull(),
    runId: text('run_id').notNull(),
    at: instant('at').notNull().defaultNow(),
    /** When its run was started; null: it was not, as far as is known. */
    startedAt: instant('started_at'),
  },
  (table) => [
    primaryKey({ columns: [table.triggerId, table.deliveryId] }),
    foreignKey({ columns: [table.triggerId], foreignColumns: [triggers.id] }).onDelete('cascade'),
    index('webhook_deliveries_by_time').on(table.at),
  ],
);

/** Ended runs, kept longer than Temporal keeps their histories. */
export const endedRuns = pgTable(
  'ended_runs',
  {
    runId: text('run_id').primaryKey(),
    workflowId: text('workflow_id').notNull(),
    owner: text(),
    status: text().notNull(),
    /** The final snapshot, as its JSON text. */
    snapshot: text().notNull(),
    /** The newest events of the log, as the JSON text of an array. */
    events: text().notNull(),
    startedAt: instant('started_at').notNull(),
    completedAt: instant('completed_at').notNull(),
  },
  (table) => [
    index('ended_runs_by_workflow').on(table.workflowId, table.startedAt),
    index('ended_runs_by_owner').on(table.owner, table.startedAt),
    index('ended_runs_by_start').on(table.startedAt.desc().nullsFirst(), table.runId),
    index('ended_runs_by_end').on(table.completedAt),
  ],
);

export const auditLog = pgTable(
  'audit_log',
  {
    id: bigserial({ mode: 'number' }).primaryKey(),
    at: instant('at').notNull().defaultNow(),
    /** A user, or `system`. */
    actor: text().notNull(),
    /** e.g. `workflow.update`, `run.cancel`, `connection.create`. */
    action: text().notNull(),
    /** What it was done to, e.g. `workflow:<id>`. */
    target: text().notNull(),
    detail: jsonb().$type<JsonValue>(),
  },
  (table) => [index('audit_log_by_target').on(table.target, table.id), index('audit_log_by_actor').on(table.actor, table.id), index('audit_log_by_time').on(table.at)],
);
