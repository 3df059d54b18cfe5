export { DemoModule } from './demo.module.js';
export { DemoService, type DemoInput } from './demo.service.js';
export { DEMO_PASSWORD, DEMO_USERS, type DemoUser } from './demo-users.js';
