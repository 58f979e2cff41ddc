import { startEmbedded } from '../../src/cli/embedded.js';

/** Starts a server in the folder that the first argument names, says so in a line, and waits to be killed. */
const server = await startEmbedded({ folder: process.argv[2] ?? '', program: process.argv[3] ?? '', ui: false });
console.log(JSON.stringify({ address: server.address, pid: server.pid }));
