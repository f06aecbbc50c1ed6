using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace LoadGenerator.Clients;

/// <summary>An answer of a sample service, through a balancer.</summary>
/// <param name="Status">Its status.</param>
/// <param name="Service">The service that answered; empty where the answer does not tell.</param>
/// <param name="Replica">The replica; empty likewise.</param>
/// <param name="Pid">The replica's process.</param>
/// <param name="Body">The whole answer, where it is a JSON object.</param>
/// <param name="Headers">Its headers.</param>
internal sealed record Answer(HttpStatusCode Status, string Service, string Replica, int Pid, JsonElement? Body, HttpResponseHeaders Headers)
{
    public bool IsGood => Status == HttpStatusCode.OK;

    public static async Task<Answer> ReadAsync(HttpResponseMessage message, CancellationToken cancellation)
    {
        var text = await message.Content.ReadAsStringAsync(cancellation);
        var isJson = message.Content.Headers.ContentType?.MediaType == "application/json" && text.StartsWith('{');
        if (!isJson)
        {
            return new(message.StatusCode, "", "", 0, null, message.Headers);
        }

        var body = JsonElement.Parse(text);
        return new(message.StatusCode, Text(body, "service"), Text(body, "replica"), body.TryGetProperty("pid", out var pid) ? pid.GetInt32() : 0, body, message.Headers);
    }

    private static string Text(JsonElement body, string member) => body.TryGetProperty(member, out var value) ? value.GetString()! : "";
}
