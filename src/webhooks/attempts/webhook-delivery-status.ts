/**
 * `pending`: still to be sent, or to be sent again. `failed`: given up. `missed`: never sent, because failures had
 * disabled the endpoint; can be recovered. `skipped`: the endpoint's format does not support the event.
 */
export const DELIVERY_STATUSES = ['pending', 'delivered', 'failed', 'missed', 'skipped'] as const;
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

/**
 * Why a pending delivery is not sent although it is due: its endpoint is disabled, asked for a pause, or has an open
 * breaker because most deliveries failed.
 */
export type HeldReason = 'disabled' | 'paused' | 'breaker';
