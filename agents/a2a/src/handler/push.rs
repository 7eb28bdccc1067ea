//! Push notifications: not offered, but to the compatibility kit.

use a2a_sdk::{
    A2AError, DeleteTaskPushNotificationConfigRequest, GetTaskPushNotificationConfigRequest,
    ListTaskPushNotificationConfigsResponse, SendMessageConfiguration, TaskPushNotificationConfig,
};
use catalog::Task;

use super::{Answer, Handler};
use crate::conformance::push::Webhooks;

impl Handler {
    pub(super) async fn create_push(
        &self,
        caller: &str,
        config: TaskPushNotificationConfig,
    ) -> Answer<TaskPushNotificationConfig> {
        let webhooks = self.webhooks()?;
        let task = self.owned(caller, &config.task_id).await?;
        webhooks.create(&task, config)
    }

    pub(super) async fn get_push(
        &self,
        caller: &str,
        request: &GetTaskPushNotificationConfigRequest,
    ) -> Answer<TaskPushNotificationConfig> {
        let webhooks = self.webhooks()?;
        let task = self.owned(caller, &request.task_id).await?;
        let config = webhooks.get(&task.id, &request.id);
        config.ok_or_else(|| A2AError::task_not_found(&request.task_id))
    }

    pub(super) async fn list_push(
        &self,
        caller: &str,
        task: &str,
    ) -> Answer<ListTaskPushNotificationConfigsResponse> {
        let webhooks = self.webhooks()?;
        let task = self.owned(caller, task).await?;
        Ok(ListTaskPushNotificationConfigsResponse {
            configs: webhooks.list(&task.id),
            next_page_token: None,
        })
    }

    pub(super) async fn delete_push(
        &self,
        caller: &str,
        request: &DeleteTaskPushNotificationConfigRequest,
    ) -> Answer<()> {
        let webhooks = self.webhooks()?;
        let task = self.owned(caller, &request.task_id).await?;
        webhooks.delete(&task.id, &request.id);
        Ok(())
    }

    /// Refuses a message that brings a webhook where none is told, before a task is made of it.
    pub(super) fn check_push(
        &self,
        configuration: Option<&SendMessageConfiguration>,
    ) -> Answer<()> {
        match config_of(configuration) {
            Some(_) => self.webhooks().map(drop),
            None => Ok(()),
        }
    }

    /// Registers the webhook that a message brought.
    pub(super) fn push_of(
        &self,
        configuration: Option<&SendMessageConfiguration>,
        task: &Task,
    ) -> Answer<()> {
        match config_of(configuration) {
            Some(config) => self.webhooks()?.create(task, config.clone()).map(drop),
            None => Ok(()),
        }
    }

    fn webhooks(&self) -> Answer<&Webhooks> {
        let conformance = self.conformance.as_ref();
        conformance
            .map(|it| &it.webhooks)
            .ok_or_else(A2AError::push_notification_not_supported)
    }
}

fn config_of(
    configuration: Option<&SendMessageConfiguration>,
) -> Option<&TaskPushNotificationConfig> {
    configuration?.task_push_notification_config.as_ref()
}
