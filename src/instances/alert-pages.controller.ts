import { Controller, Get, Param, Redirect } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Public } from '../common/access/index.js';
import { ALERT_PAGES } from '../common/alert-link.js';
import { notFound } from '../common/errors/index.js';
import { isUuid } from '../common/ids.js';

/**
 * The target of the links in e-mail and webhooks. Until there is a page, it opens the API explorer at the operation
 * that reads an alert. It does not reveal whether the alert exists, because the visitor has not signed in.
 */
@ApiExcludeController()
@Controller(ALERT_PAGES)
export class AlertPagesController {
  /** The address is relative, so that it works behind a proxy that adds a path. */
  @Get(':id')
  @Public()
  @Redirect()
  open(@Param('id') id: string): { url: string } {
    if (!isUuid(id)) throw notFound('alert', id);
    return { url: `../docs?alert_id=${id}#/instances/Instances_get` };
  }
}
