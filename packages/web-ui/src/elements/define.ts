import { ScAcquireDialog } from './acquire-dialog.ts';
import { ScAnnouncer } from './announcer.ts';
import { ScApp } from './app.ts';
import { ScBreakDialog } from './break-dialog.ts';
import { ScCalendar } from './calendar.ts';
import { ScCancelDialog } from './cancel-dialog.ts';
import { ScHelpDialog } from './help-dialog.ts';
import { ScHistory } from './history.ts';
import { ScLock } from './lock.ts';
import { ScLog } from './log.ts';
import { ScModels } from './models.ts';
import { ScOverview } from './overview.ts';
import { ScPalette } from './palette.ts';
import { ScSwap } from './swap.ts';
import { ScSwapDialog } from './swap-dialog.ts';
import { ScToasts } from './toasts.ts';

/** Registers every element of the page. Once for each window. */
export function defineElements(registry: CustomElementRegistry): void {
  registry.define('sc-announcer', ScAnnouncer);
  registry.define('sc-toasts', ScToasts);
  registry.define('sc-log', ScLog);
  registry.define('sc-overview', ScOverview);
  registry.define('sc-models', ScModels);
  registry.define('sc-history', ScHistory);
  registry.define('sc-swap', ScSwap);
  registry.define('sc-swap-dialog', ScSwapDialog);
  registry.define('sc-cancel-dialog', ScCancelDialog);
  registry.define('sc-help-dialog', ScHelpDialog);
  registry.define('sc-palette', ScPalette);
  registry.define('sc-acquire-dialog', ScAcquireDialog);
  registry.define('sc-break-dialog', ScBreakDialog);
  registry.define('sc-calendar', ScCalendar);
  registry.define('sc-lock', ScLock);
  registry.define('sc-app', ScApp);
}
