import type { Case } from './case.js';
import { chain } from './chain.js';
import { children } from './children.js';
import { coldStart } from './cold-start.js';
import { continueAsNew } from './continue-as-new.js';
import { fanOut } from './fan-out.js';
import { forEach, forEachOfMany } from './for-each.js';
import { history } from './history.js';
import { migration } from './migration.js';
import { progress } from './progress.js';
import { pure } from './pure.js';
import { replay } from './replay.js';
import { sse } from './sse.js';
import { throughput } from './throughput.js';

/** All benchmarks, in the order in which they run. */
export const cases: readonly Case[] = [chain, fanOut, forEach, forEachOfMany, children, pure, throughput, history, progress, sse, replay, continueAsNew, migration, coldStart];
