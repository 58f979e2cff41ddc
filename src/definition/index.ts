export { formatProblem } from './format-problem.js';
export { parseWorkflow, readWorkflowFile, validateWorkflow, checkStart } from './parse.js';
export type { ParsedWorkflow, ParseOptions, StartRequest, ValidationResult } from './parse.js';
export { definitionHash } from './hash.js';
export { documentJsonSchema } from './document-schema.js';
export { codes, type Code } from './codes.js';
export { DistriError, InvalidDefinitionError, InvalidInputError, type Problem } from './errors.js';
export type { JsonObject, JsonValue } from './json.js';
export type {
  CheckpointStrategy,
  ConfigOf,
  EntryPoint,
  RetryOptions,
  StepKind,
  StepRequirement,
  WorkflowDefinition,
  WorkflowDocument,
  WorkflowStep,
} from './types.js';
