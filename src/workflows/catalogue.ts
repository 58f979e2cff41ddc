import {
  condition,
  continueAsNew,
  setCurrentDetails,
  workflowInfo,
} from '@temporalio/workflow';
import { CATALOGUE_MESSAGES } from '../definition/message-table.js';
import { CATALOGUE } from '../definition/messages.js';
import { Announcements, isAnnouncement, type CatalogueState } from './announcements.js';
import { dropOtherSignals, hearQuery, hearSignal } from './handlers.js';

/**
 * The one workflow of a queue prefix that knows which worker offers which skills and tools. Workers announce
 * themselves when they start and every half hour; what is not renewed is forgotten after two hours.
 */
export async function distriCatalogue(state?: CatalogueState): Promise<void> {
  const announcements = new Announcements(state);
  let changed = false;
  const dropped = (): void => undefined;
  hearSignal<unknown>(
    CATALOGUE.announce,
    CATALOGUE_MESSAGES.announce,
    (announcement) => {
      if (!isAnnouncement(announcement)) return;
      announcements.announce(announcement, Date.now());
      changed = true;
    },
    dropped,
  );
  hearQuery(CATALOGUE.catalogue, CATALOGUE_MESSAGES.catalogue, () => announcements.list());
  dropOtherSignals([CATALOGUE.announce], dropped);

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
