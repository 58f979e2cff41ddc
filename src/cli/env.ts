/** The settings that the command line takes from the environment; flags win over them. */
export interface Environment {
  /** All of it, for the libraries that read their own variables (TEMPORAL_*, the model's). */
  readonly variables: NodeJS.ProcessEnv;
  /** TEMPORAL_DEPLOYMENT_NAME: the deployment that a worker is of. */
  readonly deploymentName: string | undefined;
  /** TEMPORAL_WORKER_BUILD_ID: the build that a worker is. */
  readonly buildId: string | undefined;
  /** DISTRI_CONNECTIONS: the connections file. */
  readonly connectionsFile: string | undefined;
  /** DISTRI_WORKFLOWS: the folder of workflows that steps may run. */
  readonly workflowsFolder: string | undefined;
  /** DISTRI_TEMPORAL_UI: address of the Temporal Web UI of a server that is not ours. */
  readonly temporalUi: string | undefined;
  /** DISTRI_SCRIPT_USER: the system user that scripts run as. */
  readonly scriptUser: string | undefined;
  /** DISTRI_SHUTDOWN_GRACE_SECS: how long a worker that is told to end lets its steps finish. Not checked yet. */
  readonly shutdownGraceSecs: string | undefined;
  /** DISTRI_HTTP_PRIVATE: `allow` or `deny`, whether API calls may reach private addresses. Not checked yet. */
  readonly httpPrivate: string | undefined;
  /** DISTRI_HTTP_PROXY: the proxy of API calls. */
  readonly httpProxy: string | undefined;
  /** DISTRI_PAYLOAD_DIR: the folder of large payloads. */
  readonly payloadDir: string | undefined;
  /** DISTRI_ENCRYPTION_KEYS: `id:base64`, with commas between them, the active one first. Not checked yet. */
  readonly encryptionKeys: string | undefined;
  /** DISTRI_PROVIDERS_DIR: a folder of providers beside those of the package. */
  readonly providersFolder: string | undefined;
  /** DISTRI_API_URL: the HTTP API that `run ID` asks for workflows. */
  readonly apiUrl: string | undefined;
  /** DISTRI_TOKEN: the token that it is asked with. */
  readonly apiToken: string | undefined;
  /** DATABASE_URL: the Postgres database of the store. */
  readonly databaseUrl: string | undefined;
  /** DISTRI_SECRET_KEYS: keys of the secrets in the database, as those of DISTRI_ENCRYPTION_KEYS. Not checked yet. */
  readonly secretKeys: string | undefined;
  /** DISTRI_CODEC_TOKEN: what callers of the codec endpoint must bring. */
  readonly codecToken: string | undefined;
}

/** The only place of the command line that knows the names of variables; libraries know theirs. */
export function readEnvironment(variables: NodeJS.ProcessEnv): Environment {
  return {
    variables,
    deploymentName: nonEmpty(variables.TEMPORAL_DEPLOYMENT_NAME),
    buildId: nonEmpty(variables.TEMPORAL_WORKER_BUILD_ID),
    connectionsFile: nonEmpty(variables.DISTRI_CONNECTIONS),
    workflowsFolder: nonEmpty(variables.DISTRI_WORKFLOWS),
    temporalUi: nonEmpty(variables.DISTRI_TEMPORAL_UI),
    scriptUser: nonEmpty(variables.DISTRI_SCRIPT_USER),
    shutdownGraceSecs: nonEmpty(variables.DISTRI_SHUTDOWN_GRACE_SECS),
    httpPrivate: nonEmpty(variables.DISTRI_HTTP_PRIVATE),
    httpProxy: nonEmpty(variables.DISTRI_HTTP_PROXY),
    payloadDir: nonEmpty(variables.DISTRI_PAYLOAD_DIR),
    encryptionKeys: nonEmpty(variables.DISTRI_ENCRYPTION_KEYS),
    providersFolder: nonEmpty(variables.DISTRI_PROVIDERS_DIR),
    apiUrl: nonEmpty(variables.DISTRI_API_URL),
    apiToken: nonEmpty(variables.DISTRI_TOKEN),
    databaseUrl: nonEmpty(variables.DATABASE_URL),
    secretKeys: nonEmpty(variables.DISTRI_SECRET_KEYS),
    codecToken: nonEmpty(variables.DISTRI_CODEC_TOKEN),
  };
}

function nonEmpty(value: string | undefined): string | undefined {
  return value === undefined || value === '' ? undefined : value;
}
