import { announceReady, untilAskedToEnd } from '../child.js';
import { createTwin } from './worker.js';

const [address = '', namespace = '', bundlePath = ''] = process.argv.slice(2);
const twin = await createTwin(address, namespace, bundlePath);
const running = twin.run();
announceReady();
await Promise.race([untilAskedToEnd(), running]);
twin.stop();
await running;
