import { ApiKey } from '../../src/auth/api-key.entity.js';
import { RefreshSession } from '../../src/auth/refresh-session.entity.js';
import { UserAccount } from '../../src/auth/user-account.entity.js';
import { CatalogueImport } from '../../src/catalogue/catalogue-import.entity.js';
import { Tactic } from '../../src/catalogue/tactic.entity.js';
import { Technique } from '../../src/catalogue/technique.entity.js';
import { ScheduledSlot } from '../../src/database/scheduled-slot.entity.js';
import { EvaluationRun } from '../../src/evaluation/evaluation-run.entity.js';
import { RuleMeasurement } from '../../src/evaluation/measurements/rule-measurement.entity.js';
import { PostureImportChange } from '../../src/imports/store/posture-import-change.entity.js';
import { PostureImport } from '../../src/imports/store/posture-import.entity.js';
import { AlertCount } from '../../src/instances/alert-count.entity.js';
import { AlertInstance } from '../../src/instances/alert-instance.entity.js';
import { NotificationSkip } from '../../src/notifications/audience/notification-skip.entity.js';
import { EmailDelivery } from '../../src/notifications/email/email-delivery.entity.js';
import { EmailNotice } from '../../src/notifications/email/email-notice.entity.js';
import { Notification } from '../../src/notifications/inbox/notification.entity.js';
import { NotificationPreference } from '../../src/notifications/preferences/notification-preference.entity.js';
import { Membership } from '../../src/organizations/membership.entity.js';
import { Organization } from '../../src/organizations/organization.entity.js';
import { PostureChange } from '../../src/posture/changes/posture-change.entity.js';
import { PostureHistory } from '../../src/posture/history/posture-history.entity.js';
import { Posture } from '../../src/posture/writes/posture.entity.js';
import { CatalogueBeforeImage } from '../../src/catalogue/catalogue-before-image.entity.js';
import { PostureCarryOver } from '../../src/releases/carry-over/posture-carry-over.entity.js';
import { RevalidationItemHistory } from '../../src/revalidation/queue/revalidation-item-history.entity.js';
import { RevalidationItem } from '../../src/revalidation/queue/revalidation-item.entity.js';
import { RevalidationPolicy } from '../../src/revalidation/policy/revalidation-policy.entity.js';
import { AlertRule } from '../../src/rules/alert-rule.entity.js';
import { RuleState } from '../../src/rules/rule-state.entity.js';
import { PostureSnapshotHistory } from '../../src/snapshots/posture-snapshot-history.entity.js';
import { PostureSnapshot } from '../../src/snapshots/posture-snapshot.entity.js';
import { SnapshotPolicy } from '../../src/snapshots/policy/snapshot-policy.entity.js';
import { WebhookReplay } from '../../src/webhooks/api/webhook-replay.entity.js';
import { WebhookAttempt } from '../../src/webhooks/attempts/webhook-attempt.entity.js';
import { WebhookDelivery } from '../../src/webhooks/attempts/webhook-delivery.entity.js';
import { WebhookEvent } from '../../src/webhooks/attempts/webhook-event.entity.js';
import { WebhookEndpointHealth } from '../../src/webhooks/breaker/endpoint-health.entity.js';
import { WebhookEndpoint } from '../../src/webhooks/endpoints/webhook-endpoint.entity.js';

/** Foreign keys name entities of other modules, so a test that loads some modules needs all entities. */
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
