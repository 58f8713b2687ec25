import { z } from 'zod';
import { noticeFields, type NoticeKind } from '../order.js';
import type { Attempted } from './service/call.js';
import { effectOf } from './service/effect.js';
import type { OrderRef, Participants } from './participants.js';

const Notification = z.object({ effect: z.literal('applied') });

/** The verbs of the notification service: an order has two messages there, each with an id of its own. */
export function notificationActivities(participants: Participants) {
  const sender = (step: 'send_confirmation' | 'send_cancellation_notice', kind: NoticeKind) => {
    const message = effectOf(participants, step, '/api/notifications', `-${kind}`);
    return async (ref: OrderRef): Promise<Attempted<object>> => {
      const { attempts } = await message.act(ref, Notification, (order) => noticeFields(order, kind), { kind });
      return { attempts };
    };
  };
  return {
    sendConfirmation: sender('send_confirmation', 'confirmation'),
    sendCancellationNotice: sender('send_cancellation_notice', 'cancellation'),
  };
}
