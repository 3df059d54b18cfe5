export * from './own-webhook.js';
export {
  CLAIM_DUE_SCHEDULES,
  CLAIM_SCHEDULES_OF,
  type ClaimedSchedule,
  MOVE_SCHEDULES_ON,
  RuleSchedules,
} from './rule-schedules.js';
export * from './rule-state-changes.js';
export { RuleSettings } from './rule.dto.js';
export { configOf } from './rule.mapper.js';
export * from './rules.module.js';
export * from './rules.service.js';
export * from './system-rules.js';
export * from './system-rules.service.js';
