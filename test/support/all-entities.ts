import { ApiKey } from '../../src/auth/api-key.entity.js';
import { RefreshSession } from '../../src/auth/refresh-session.entity.js';
import { UserAccount } from '../../src/auth/user-account.entity.js';
import { ScheduledSlot } from '../../src/database/scheduled-slot.entity.js';
import { EmailDelivery } from '../../src/email/email-delivery.entity.js';
import { EmailNotice } from '../../src/email/email-notice.entity.js';
import { RuleMeasurement } from '../../src/evaluation/measurements/rule-measurement.entity.js';
import { EvaluationRun } from '../../src/evaluation/evaluation-run.entity.js';
import { AlertCount } from '../../src/instances/alert-count.entity.js';
import { AlertInstance } from '../../src/instances/alert-instance.entity.js';
import { NotificationPreference } from '../../src/notifications/notification-preference.entity.js';
import { NotificationSkip } from '../../src/notifications/notification-skip.entity.js';
import { Notification } from '../../src/notifications/notification.entity.js';
import { Membership } from '../../src/organizations/membership.entity.js';
import { Organization } from '../../src/organizations/organization.entity.js';
import { CatalogueBeforeImage } from '../../src/posture/catalogue/catalogue-before-image.entity.js';
import { CatalogueImport } from '../../src/posture/catalogue/catalogue-import.entity.js';
import { PostureCarryOver } from '../../src/posture/catalogue/posture-carry-over.entity.js';
import { Tactic } from '../../src/posture/catalogue/tactic.entity.js';
import { Technique } from '../../src/posture/catalogue/technique.entity.js';
import { PostureHistory } from '../../src/posture/history/posture-history.entity.js';
import { PostureSnapshotHistory } from '../../src/posture/history/posture-snapshot-history.entity.js';
import { RevalidationItemHistory } from '../../src/posture/history/revalidation-item-history.entity.js';
import { PostureImportChange } from '../../src/posture/imports/posture-import-change.entity.js';
import { PostureImport } from '../../src/posture/imports/posture-import.entity.js';
import { PostureChange } from '../../src/posture/posture-change.entity.js';
import { PostureSnapshot } from '../../src/posture/posture-snapshot.entity.js';
import { Posture } from '../../src/posture/posture.entity.js';
import { RevalidationItem } from '../../src/posture/revalidation-item.entity.js';
import { RevalidationPolicy } from '../../src/posture/revalidation/revalidation-policy.entity.js';
import { SnapshotPolicy } from '../../src/posture/snapshots/snapshot-policy.entity.js';
import { AlertRule } from '../../src/rules/alert-rule.entity.js';
import { RuleState } from '../../src/rules/rule-state.entity.js';
import { WebhookAttempt } from '../../src/webhooks/webhook-attempt.entity.js';
import { WebhookDelivery } from '../../src/webhooks/webhook-delivery.entity.js';
import { WebhookEndpointHealth } from '../../src/webhooks/health/endpoint-health.entity.js';
import { WebhookReplay } from '../../src/webhooks/webhook-replay.entity.js';
import { WebhookEvent } from '../../src/webhooks/webhook-event.entity.js';
import { WebhookEndpoint } from '../../src/webhooks/webhook-endpoint.entity.js';

/** Foreign keys name entities of other modules, so that a test that loads some modules needs the entities of all. */
export const allEntities = [
  ApiKey,
  RefreshSession,
  UserAccount,
  ScheduledSlot,
  EmailDelivery,
  EmailNotice,
  EvaluationRun,
  RuleMeasurement,
  AlertCount,
  AlertInstance,
  Notification,
  NotificationPreference,
  NotificationSkip,
  Membership,
  Organization,
  CatalogueBeforeImage,
  CatalogueImport,
  Tactic,
  Technique,
  PostureCarryOver,
  PostureChange,
  PostureImport,
  PostureImportChange,
  PostureHistory,
  PostureSnapshotHistory,
  SnapshotPolicy,
  RevalidationItemHistory,
  PostureSnapshot,
  Posture,
  RevalidationItem,
  RevalidationPolicy,
  AlertRule,
  RuleState,
  WebhookAttempt,
  WebhookEvent,
  WebhookDelivery,
  WebhookEndpoint,
  WebhookEndpointHealth,
  WebhookReplay,
];
