// Modules that read tables of other modules by SQL, and why each does not go through a port. table-owners.mjs holds this list to what the sources say.

/** Joined so that a page needs one statement and no second look-up by id. */
const NAMES =
  'An answer shows the names of the people, keys or organisations behind its ids, joined in the statement that reads the rows.';

export const FOREIGN_READS = [
  {
    reader: 'auth',
    tables: ['membership'],
    reason: 'A user of an organisation is an account and its membership, listed and paged together.',
  },
  {
    reader: 'catalogue',
    tables: ['organization'],
    reason: 'An import locks the table, so that an organisation that is being created gets its posture rows first.',
  },
  {
    reader: 'posture',
    tables: ['organization'],
    reason: 'A change of the catalogue marks, and gives rows to, every organisation in one statement.',
  },
  {
    reader: 'posture',
    tables: ['technique', 'catalogue_import'],
    reason:
      'A posture row belongs to a technique, whose facts filter, sort and name it in the statement that reads the rows.',
  },
  {
    reader: 'posture',
    tables: ['membership'],
    reason: 'An owner must be an active member at the moment of the write, of thousands of rows in one statement.',
  },
  { reader: 'posture', tables: ['user_account', 'api_key'], reason: NAMES },
  {
    reader: 'posture',
    tables: ['posture_carry_over'],
    reason:
      'Comparing two days on one footing needs to know what a release carried over; releases stands above posture and cannot be called.',
  },
  {
    reader: 'revalidation',
    tables: ['posture'],
    reason:
      'The policy finds what has become stale, and a review locks the posture it is about, in the statement that writes the queue.',
  },
  { reader: 'revalidation', tables: ['technique', 'user_account'], reason: NAMES },
  {
    reader: 'snapshots',
    tables: ['organization', 'posture', 'technique', 'catalogue_import'],
    reason:
      'One statement counts the posture of all organisations by technique and notes the releases that are loaded.',
  },
  {
    reader: 'releases',
    tables: ['technique', 'catalogue_import'],
    reason:
      'Previewing, listing and undoing imports compares the catalogue with itself; no other module needs these questions.',
  },
  {
    reader: 'releases',
    tables: ['posture', 'revalidation_item'],
    reason: 'Carrying over locks and compares the posture of all organisations in the statement that writes it.',
  },
  {
    reader: 'imports',
    tables: ['posture', 'technique', 'user_account', 'membership'],
    reason:
      'A plan compares up to a hundred thousand lines of a file with techniques, posture and owners in one statement.',
  },
  {
    reader: 'exports',
    tables: ['posture', 'technique', 'user_account'],
    reason: 'An export streams the whole posture with names through one cursor.',
  },
  {
    reader: 'rules',
    tables: ['organization'],
    reason: 'System rules are added to every organisation that lacks them in one statement.',
  },
  {
    reader: 'notifications',
    tables: ['membership', 'user_account', 'organization'],
    reason:
      'The audience of thousands of alerts is found by role, and addressed, in the statement that writes the notifications.',
  },
  {
    reader: 'notifications',
    tables: ['alert_instance'],
    reason:
      'The notifier and e-mail filter notices by the rule type of the alert. The module of alerts stands above notifications.',
  },
  { reader: 'webhooks', tables: ['organization'], reason: NAMES },
  {
    reader: 'instances',
    tables: ['organization'],
    reason: 'Locks the organisation whose counts change, and names it in the data of an event.',
  },
  { reader: 'instances', tables: ['alert_rule', 'user_account', 'api_key'], reason: NAMES },
  {
    reader: 'evaluation',
    tables: ['alert_rule', 'rule_state', 'organization'],
    reason:
      'A pass loads thousands of claimed rules with their states and words in one statement, in the shape that deciding takes.',
  },
  {
    reader: 'evaluation',
    tables: ['technique', 'posture', 'revalidation_item', 'user_account', 'api_key'],
    reason:
      'The explanation of an alert tells which techniques entered since, and who changed them, in one statement for all alerts.',
  },
  {
    reader: 'health',
    tables: ['rule_schedule', 'rule_state'],
    reason: 'Readiness is one statement over the whole deployment.',
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
    reason: 'A scrape reads every gauge in one statement; metrics stands below all modules and imports none.',
  },
  {
    reader: 'setup',
    tables: ['technique'],
    reason: 'A first start looks whether the catalogue is empty before it loads the shipped one.',
  },
  {
    reader: 'demo',
    tables: ['organization', 'posture_snapshot', 'posture', 'technique', 'alert_rule'],
    reason: 'The generator looks at what an organisation has before it plans its past.',
  },
];
