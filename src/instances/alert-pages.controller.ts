import { Controller, Get, Param, Redirect } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Public } from '../common/access/index.js';
import { ALERT_PAGES } from '../common/alert-link.js';
import { notFound } from '../common/errors/index.js';
import { isUuid } from '../common/ids.js';

/**
 * Where the links in e-mail and webhooks lead. Until a page is there, the explorer is opened at the operation that reads an alert, with the alert's id in its
 * address. Whether there is such an alert is told to nobody here: whoever asks has not signed in.
 */
@ApiExcludeController()
@Controller(ALERT_PAGES)
export class AlertPagesController {
  /** The address is a relative one, which also holds behind a proxy that puts a path in front. */
  @Get(':id')
  @Public()
  @Redirect()
  open(@Param('id') id: string): { url: string } {
    if (!isUuid(id)) throw notFound('alert', id);
    return { url: `../docs?alert_id=${id}#/instances/Instances_get` };
  }
}
