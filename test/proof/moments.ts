/** The moments of an order's life, one for each event of its history, at which a cancel can be made to arrive. */
import proto from '@temporalio/proto';

const { EventType } = proto.temporal.api.enums.v1;
export type EventTypeNumber = proto.temporal.api.enums.v1.EventType;

export const ACTIONS = ['reserveInventory', 'processPayment', 'createShipment', 'sendConfirmation'] as const;

export type Moment =
  /** The nth workflow task has been scheduled, and nobody has taken it. */
  | { readonly kind: 'task waiting'; readonly nth: number }
  /** A worker has taken it and has not answered. */
  | { readonly kind: 'task started'; readonly nth: number }
  /** The nth action runs: its service has not been asked yet, or has just answered. */
  | { readonly kind: 'action asks' | 'action answered'; readonly nth: number }
  | { readonly kind: 'ended'; readonly nth: 0 };

/** Counted by event number: the moment at which the history is exactly that long. */
export function momentsOf(eventTypes: readonly EventTypeNumber[]): Moment[] {
  let [tasks, actions] = [0, 0];
  return eventTypes.map((type, index): Moment => {
    if (type === EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED) return { kind: 'task waiting', nth: ++tasks };
    if (type === EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED) return { kind: 'task started', nth: tasks };
    // A started activity and its end are written together: it was running until now.
    if (type === EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED) return { kind: 'action answered', nth: actions };
    if (type === EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED || index === 0) {
      return { kind: 'task waiting', nth: tasks + 1 };
    }
    if (type === EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED) return { kind: 'action asks', nth: ++actions };
    // What a workflow task writes is written at once: the moment is that of its last command.
    const scheduled = eventTypes.indexOf(EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED, index);
    return scheduled < 0 ? { kind: 'ended', nth: 0 } : { kind: 'action asks', nth: actions + 1 };
  });
}

export const nameOf = ({ kind, nth }: Moment): string => {
  if (kind === 'ended') return 'the order has ended';
  return kind.startsWith('task') ? `${kind} (${nth})` : `${kind}: ${ACTIONS[nth - 1]}`;
};

/** What a cancel at this moment must come to: until the parcel is booked it can be acted on; `either` while that is being noted. */
export function mustBe({ kind, nth }: Moment): 'accepted' | 'refused' | 'either' {
  if (kind === 'ended') return 'refused';
  if (kind.startsWith('task') && nth === 4) return 'either';
  return nth <= 3 ? 'accepted' : 'refused';
}
