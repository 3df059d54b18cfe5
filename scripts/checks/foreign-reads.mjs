// Modules that read tables of other modules by SQL, and why each does not use a port. table-owners.mjs compares this
// list with the sources.

/** Joined so that a page needs one statement and no second look-up by id. */
const NAMES =
  'An answer shows the names of people, keys or organisations. The statement that reads the rows joins them.';

export const FOREIGN_READS = [
  {
    reader: 'auth',
    tables: ['membership'],
    reason: 'A user of an organisation is an account and its membership. One statement lists and pages both.',
  },
  {
    reader: 'catalogue',
    tables: ['organization'],
    reason: 'An import locks the table, so that an organisation that is being created gets its posture rows first.',
  },
  {
    reader: 'posture',
    tables: ['organization'],
    reason: 'After a change of the catalogue, one statement marks or adds rows to every organisation.',
  },
  {
    reader: 'posture',
    tables: ['technique', 'catalogue_import'],
    reason:
      'A posture row belongs to a technique. The statement that reads the rows filters, sorts and names them by its facts.',
  },
  {
    reader: 'posture',
    tables: ['membership'],
    reason: 'One statement writes thousands of rows, and each owner must be an active member at that moment.',
  },
  { reader: 'posture', tables: ['user_account', 'api_key'], reason: NAMES },
  {
    reader: 'posture',
    tables: ['posture_carry_over'],
    reason:
      'To compare two days, posture needs the carry-overs of a release. The module releases is above posture and cannot be called.',
  },
  {
    reader: 'revalidation',
    tables: ['posture'],
    reason:
      'The statement that writes the queue finds stale techniques for the policy, and locks the posture for a review.',
  },
  { reader: 'revalidation', tables: ['technique', 'user_account'], reason: NAMES },
  {
    reader: 'snapshots',
    tables: ['organization', 'posture', 'technique', 'catalogue_import'],
    reason: 'One statement counts the posture of all organisations by technique and stores the loaded releases.',
  },
  {
    reader: 'releases',
    tables: ['technique', 'catalogue_import'],
    reason:
      'Previewing, listing and undoing imports compares states of the catalogue. No other module needs these queries.',
  },
  {
    reader: 'releases',
    tables: ['posture', 'revalidation_item'],
    reason: 'The statement that carries posture over also locks and compares it, for all organisations.',
  },
  {
    reader: 'imports',
    tables: ['posture', 'technique', 'user_account', 'membership'],
    reason: 'One statement compares up to 100,000 lines of a file with techniques, posture and owners.',
  },
  {
    reader: 'exports',
    tables: ['posture', 'technique', 'user_account'],
    reason: 'An export streams the whole posture with names through one cursor.',
  },
  {
    reader: 'rules',
    tables: ['organization'],
    reason: 'One statement adds system rules to every organisation that lacks them.',
  },
  {
    reader: 'notifications',
    tables: ['membership', 'user_account', 'organization'],
    reason: 'The statement that writes notifications for thousands of alerts finds their audience by role.',
  },
  {
    reader: 'notifications',
    tables: ['alert_instance'],
    reason:
      'The notifier and e-mail filter notices by the rule type of the alert. The module of alerts is above notifications.',
  },
  { reader: 'webhooks', tables: ['organization'], reason: NAMES },
  {
    reader: 'instances',
    tables: ['organization'],
    reason: 'It locks the organisation whose counts change, and puts its name into the data of an event.',
  },
  { reader: 'instances', tables: ['alert_rule', 'user_account', 'api_key'], reason: NAMES },
  {
    reader: 'evaluation',
    tables: ['alert_rule', 'rule_state', 'organization'],
    reason: 'One statement loads thousands of claimed rules with their states, in the form that a decision needs.',
  },
  {
    reader: 'evaluation',
    tables: ['technique', 'posture', 'revalidation_item', 'user_account', 'api_key'],
    reason: 'One statement finds, for all alerts, which techniques entered or left and who changed them.',
  },
  {
    reader: 'health',
    tables: ['rule_schedule', 'rule_state'],
    reason: 'One statement checks the readiness of the whole deployment.',
  },
  {
    reader: 'metrics',
    tables: [
      'rule_schedule',
      'scheduled_slot',
      'posture_snapshot',
      'organization',
      'webhook_delivery',
      'webhook_endpoint',
      'webhook_endpoint_health',
      'email_delivery',
      'alert_count',
    ],
    reason: 'A scrape reads every gauge in one statement. The module metrics is below all others and imports none.',
  },
  {
    reader: 'setup',
    tables: ['technique'],
    reason: 'A first start checks that the catalogue is empty before it loads the shipped facts.',
  },
  {
    reader: 'demo',
    tables: ['organization', 'posture_snapshot', 'posture', 'technique', 'alert_rule'],
    reason: 'The generator reads the data of the organisation before it plans the history.',
  },
];
