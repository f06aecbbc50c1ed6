using Microsoft.AspNetCore.SignalR;
using ServiceDefaults;

namespace Chat;

/// <summary>
/// A room for each replica: there is no backplane, so a message reaches those who are connected to the same replica,
/// and everybody can see where the balancer has sent them.
/// </summary>
internal sealed class ChatHub(ReplicaIdentity me) : Hub
{
    private const int LongestMessage = 1_000;

    public ReplicaIdentity Where() => me;

    public async Task Say(string text)
    {
        if (string.IsNullOrWhiteSpace(text) || text.Length > LongestMessage)
        {
            throw new HubException($"A message has 1 to {LongestMessage} characters.");
        }

        await Clients.All.SendAsync("Said", new Message(me.Replica, Context.ConnectionId[..4], text));
    }
}
