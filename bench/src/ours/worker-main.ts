import { createWorker, loadTools } from 'distri-workflow/worker';
import { pino } from 'pino';
import { announceReady, untilAskedToEnd } from '../child.js';

const [address = '', namespace = '', toolsFile = ''] = process.argv.slice(2);
const worker = await createWorker({
  address,
  namespace,
  skills: ['native:tool'],
  tools: await loadTools([toolsFile]),
  logger: pino({ level: 'warn' }, pino.destination({ dest: 2, sync: true })),
});
const running = worker.run();
announceReady();
await Promise.race([untilAskedToEnd(), running]);
await worker.shutdown();
await running;
