import type { Role } from '../common/access/index.js';

/** The password of every user of the demo. It is printed at each start and is no secret. */
export const DEMO_PASSWORD = 'vedette-demo-harbour';

/** The names of the people in the generator. */
export type DemoPerson = 'admin' | 'redLead' | 'blueLead' | 'amara' | 'jonas' | 'mei' | 'viewer' | 'devon';

export interface DemoUser {
  person: DemoPerson;
  email: string;
  displayName: string;
  role: Role;
  /** False for Devon, who left a week ago. Devon's techniques have no owner. */
  isActive: boolean;
}

/** The people of Harbour Mutual, all invented. The first one is for signing in. */
export const DEMO_USERS: readonly DemoUser[] = [
  user('admin', 'admin', 'Helen Marsh', 'admin'),
  user('redLead', 'red.lead', 'Tomas Reyes', 'red_lead'),
  user('blueLead', 'blue.lead', 'Ingrid Solberg', 'blue_lead'),
  user('amara', 'amara', 'Amara Osei', 'analyst'),
  user('jonas', 'jonas', 'Jonas Weber', 'analyst'),
  user('mei', 'mei', 'Mei Tanaka', 'analyst'),
  user('viewer', 'viewer', 'Ruth Calder', 'viewer'),
  { ...user('devon', 'devon', 'Devon Price', 'analyst'), isActive: false },
];

function user(person: DemoPerson, mailbox: string, name: string, role: Role): DemoUser {
  return { person, email: `${mailbox}@demo.vedette.local`, displayName: `${name} (demo)`, role, isActive: true };
}
