/**
 * `pending`: still to be sent, or to be sent again. `failed`: given up. `missed`: its endpoint had been disabled by its failures, so that it was only written
 * down, to be recovered. `skipped`: the endpoint's format has no word for the event.
 */
export const DELIVERY_STATUSES = ['pending', 'delivered', 'failed', 'missed', 'skipped'] as const;
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

/** What keeps a pending delivery although it is due: its endpoint is disabled, asked for a pause, or is left alone because nearly everything failed. */
export type HeldReason = 'disabled' | 'paused' | 'breaker';
