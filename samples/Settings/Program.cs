using System.Collections.Concurrent;
using ServiceDefaults;
using Settings;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();

var values = new ConcurrentDictionary<string, string>(StringComparer.Ordinal);
var app = builder.Build();
app.MapDefaultEndpoints();
app.MapGet("/", (ReplicaIdentity me) => me);
app.MapGet("/values/{key}", (string key, ReplicaIdentity me) => values.TryGetValue(key, out var value)
    ? Results.Ok(new { me.Service, me.Replica, me.Pid, Key = key, Value = value })
    : Results.Problem($"There is no value '{key}'.", statusCode: StatusCodes.Status404NotFound));
app.MapPut("/values/{key}", (string key, Setting setting, ReplicaIdentity me) =>
{
    values[key] = setting.Value;
    return new { me.Service, me.Replica, me.Pid, Key = key, setting.Value };
});
app.Run();
