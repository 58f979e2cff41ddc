/**
 * The page of a run in the Temporal Web UI.
 *
 * @param base the UI's own address, e.g. `http://localhost:8233`
 */
export function temporalUiUrl(base: string, namespace: string, runId: string, temporalRunId?: string): string {
  const run = `${base.replace(/\/+$/, '')}/namespaces/${encodeURIComponent(namespace)}/workflows/${encodeURIComponent(runId)}`;
  return temporalRunId === undefined ? run : `${run}/${encodeURIComponent(temporalRunId)}/history`;
}
