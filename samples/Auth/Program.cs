using ServiceDefaults;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();

var app = builder.Build();
app.MapDefaultEndpoints();
app.MapGet("/", (ReplicaIdentity me) => me);

// A sample: it asks for no password, and the token opens nothing.
app.MapMethods("/login", [HttpMethods.Get, HttpMethods.Post], (HttpRequest request, ReplicaIdentity me) =>
    new { me.Service, me.Replica, me.Pid, request.Method, Token = $"sample-{Guid.NewGuid():N}" });
app.Run();
