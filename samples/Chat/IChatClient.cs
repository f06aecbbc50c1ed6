namespace Chat;

/// <summary>What the hub calls at its clients.</summary>
internal interface IChatClient
{
    Task Said(Message message);
}
