import {
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { CATALOGUE, type WorkerAnnouncement } from '../definition/messages.js';
import { Announcements, isAnnouncement, type CatalogueState } from './announcements.js';

const announce = defineSignal<[unknown]>(CATALOGUE.announce);
const catalogue = defineQuery<WorkerAnnouncement[]>(CATALOGUE.catalogue);

/**
 * The one workflow of a queue prefix that knows which worker offers which skills and tools. Workers announce
 * themselves when they start and every half hour; what is not renewed is forgotten after two hours.
 */
export async function distriCatalogue(state?: CatalogueState): Promise<void> {
  const announcements = new Announcements(state);
  let changed = false;
  setHandler(announce, (announcement) => {
    if (!isAnnouncement(announcement)) return;
    announcements.announce(announcement, Date.now());
    changed = true;
  });
  setHandler(catalogue, () => announcements.list());

  while (!workflowInfo().continueAsNewSuggested) {
    announcements.expire(Date.now());
    setCurrentDetails(announcements.details());
    changed = false;
    const next = announcements.nextExpiry;
    if (next === undefined) await condition(() => changed);
    else await condition(() => changed, Math.max(1, next - Date.now()));
  }
  await continueAsNew<typeof distriCatalogue>(announcements.state());
}
