/**
 * The sandbox records a stack trace for each promise of a workflow, and looks each of its frames up in a source map: of
 * all that a step costs the interpreter's worker, that is the most. They would all show the same few lines of the
 * interpreter, so three frames are kept, which still tell where a defect is. It has to be said before the SDK freezes the
 * globals that all runs of a worker share; later it changes nothing.
 */
Reflect.set(Error, 'stackTraceLimit', 3);
