import type { ManageModule } from './contract.ts';
import { defineManageElements } from './define.ts';
import { AllDesks } from './desk.ts';
import { managedDialog } from './dialogs.ts';
import { managedScreen } from './screens.ts';
import { initialManageState } from './state.ts';

/** The screens for managing models, hosts and services, in a file of their own. */
export const manage: ManageModule = {
  define: defineManageElements,
  initial: initialManageState,
  createDesk: (parts) => new AllDesks(parts),
  screen: managedScreen,
  dialog: managedDialog,
};
