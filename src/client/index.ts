/** What `distri-workflow/client` exports. */
export { DistriClient, type ClientSettings } from './distri-client.js';
export { Run, type RunDescription } from './run.js';
export type { BulkResult } from './bulk.js';
export type { AnswerOptions } from './answer.js';
export type { SkillInfo, ToolInfo } from './catalogue.js';
export type { CheckpointsOptions } from './call-tool.js';
export type { Checkpoint, LoadedCheckpoint } from './checkpoints.js';
export type { RetryStepOptions, SkipStepOptions } from './control.js';
export type { ConnectOptions } from './connect.js';
export { createDataConverter, type DataSettings, type EncryptionKey } from '../temporal/data-converter.js';
export { openTracing, type Tracing } from '../temporal/tracing.js';
export type { RunInfo } from './info.js';
export type { RunFilter, RunPage } from './list.js';
export type { MigrateOptions, MigrationOutcome } from './migrate.js';
export { describeMigration, type MigrationDecision, type MigrationDecisions, type MigrationPlan } from '../definition/migration.js';
export type { Ended } from './ended.js';
export { eventsOfEnded, type EventsOptions } from './observe.js';
export type { RerunOptions } from './rerun.js';
export { describeRerun, type RerunPlan, type RerunReason } from '../definition/rerun.js';
export type { ClientWarning } from './session.js';
export { newRunId, type StartedWith } from './start.js';
export type { StartOptions, TriggerOrigin } from './start-request.js';
export type { Overlap, Schedules, ScheduleInfo, ScheduleSettings, ScheduleState } from './schedules.js';
export type { Signalled } from './unblock.js';
export type { UpdateOptions } from './update.js';
export { temporalUiUrl } from './ui-url.js';
export {
  AnswerRefusedError,
  DistriError,
  InvalidDefinitionError,
  InvalidInputError,
  MigrationError,
  RunAlreadyExistsError,
  RunEndedError,
  RunFailedError,
  RunNotFoundError,
  StepNotHeldError,
  StepNotSkippableError,
  StepNotWaitingError,
  type Problem,
} from '../definition/errors.js';
export { codes, type Code } from '../definition/codes.js';
export type { JsonObject, JsonValue } from '../definition/json.js';
export type { ToolEntry, WorkerAnnouncement } from '../definition/messages.js';
export {
  isEnded,
  type ChildSnapshot,
  type ItemsSnapshot,
  type LoggedEvent,
  type Retrying,
  type RunEvent,
  type RunSnapshot,
  type RunStatus,
  type RunWarning,
  type StepSnapshot,
  type StepStatus,
  type WaitingChildStep,
} from '../definition/snapshot.js';
export type { WorkflowDefinition, WorkflowDocument } from '../definition/types.js';
