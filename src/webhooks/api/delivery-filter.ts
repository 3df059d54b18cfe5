import type { DeliveryStatus } from '../attempts/webhook-delivery-status.js';

/** A filter on the deliveries of an organisation. Omitted properties match everything. */
export interface DeliveryFilter {
  endpointId?: string;
  alertId?: string;
  statuses?: readonly DeliveryStatus[];
  eventType?: string;
  /** Enqueued at or after this time. */
  since?: Date;
  /** Enqueued before this time. */
  until?: Date;
}
