import { CreateSchema1795400000000 } from './1795400000000-create-schema.js';
import { ScaleOut1795500000000 } from './1795500000000-scale-out.js';
import { ScheduleByInterval1795600000000 } from './1795600000000-schedule-by-interval.js';
import { ReliableWebhooks1795700000000 } from './1795700000000-reliable-webhooks.js';
import { TellPeople1795800000000 } from './1795800000000-tell-people.js';
import { ShareEventBodies1795810000000 } from './1795810000000-share-event-bodies.js';
import { KeepPostureHistory1795900000000 } from './1795900000000-keep-posture-history.js';
import { KeepMeasurements1795900000001 } from './1795900000001-keep-measurements.js';
import { ImportPosture1796000000000 } from './1796000000000-import-posture.js';
import { KeepHonestSnapshots1796100000000 } from './1796100000000-keep-honest-snapshots.js';
import { UpgradeReleases1796110000000 } from './1796110000000-upgrade-releases.js';
import { LimitRules1796200000000 } from './1796200000000-limit-rules.js';
import { RevalidateByPolicy1796210000000 } from './1796210000000-revalidate-by-policy.js';
import { LetDeliveriesTakeTheirAttempts1796220000000 } from './1796220000000-let-deliveries-take-their-attempts.js';
import { CarryTagsOver1796230000000 } from './1796230000000-carry-tags-over.js';
import { WriteOutHistoryTriggers1796240000000 } from './1796240000000-write-out-history-triggers.js';
import { RenameToldOutcome1796250000000 } from './1796250000000-rename-told-outcome.js';

/** Every migration, oldest first. Never edit a released migration. Add a new one at the end. */
export const migrations = [
  CreateSchema1795400000000,
  ScaleOut1795500000000,
  ScheduleByInterval1795600000000,
  ReliableWebhooks1795700000000,
  TellPeople1795800000000,
  ShareEventBodies1795810000000,
  KeepPostureHistory1795900000000,
  KeepMeasurements1795900000001,
  ImportPosture1796000000000,
  KeepHonestSnapshots1796100000000,
  UpgradeReleases1796110000000,
  LimitRules1796200000000,
  RevalidateByPolicy1796210000000,
  LetDeliveriesTakeTheirAttempts1796220000000,
  CarryTagsOver1796230000000,
  WriteOutHistoryTriggers1796240000000,
  RenameToldOutcome1796250000000,
];
