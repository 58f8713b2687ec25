/** The participant's contract: all rules that can be seen from outside, in the order of their checks. */
import type { Check } from './check.js';
import * as actions from './checks/actions.js';
import * as collection from './checks/collection.js';
import * as compensations from './checks/compensations.js';
import * as lost from './checks/lost.js';
import * as races from './checks/races.js';
import * as refusals from './checks/refusals.js';

export const CHECKS: readonly Check[] = [
  actions.applied,
  actions.probeApplied,
  actions.probeUnknown,
  actions.repeat,
  actions.otherBytes,
  actions.mismatch,
  actions.unreadable,
  actions.cannotUndo,
  refusals.refused,
  refusals.refusalStored,
  refusals.refusalKept,
  compensations.undo,
  compensations.undoRepeat,
  compensations.undoneFinal,
  compensations.tombstone,
  compensations.tombstoneRepeat,
  compensations.undoOfRefused,
  compensations.neighbours,
  refusals.undoRefused,
  refusals.undoAfresh,
  refusals.problemForm,
  races.actionsAtOnce,
  races.contentsAtOnce,
  races.undosAtOnce,
  races.race,
  lost.cutOff,
  lost.actionLost,
  lost.undoLost,
  lost.overtaken,
  collection.listed,
  compensations.staysUndone,
];
