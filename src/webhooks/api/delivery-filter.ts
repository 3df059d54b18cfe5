import type { DeliveryStatus } from '../attempts/webhook-delivery-status.js';

/** Which deliveries of an organisation. What is left out does not matter. */
export interface DeliveryFilter {
  endpointId?: string;
  alertId?: string;
  statuses?: readonly DeliveryStatus[];
  eventType?: string;
  /** Enqueued from then on. */
  since?: Date;
  /** Enqueued before then. */
  until?: Date;
}
