using System.Net;
using System.Net.Sockets;

namespace Standalone;

/// <summary>Ports on 127.0.0.1 that are free now.</summary>
internal static class FreePorts
{
    /// <summary>Takes them at the same time, so that all are different, then lets them go.</summary>
    public static int[] Find(int count)
    {
        var listeners = Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToArray();
        try
        {
            foreach (var listener in listeners)
            {
                listener.Start();
            }

            return [.. listeners.Select(listener => ((IPEndPoint)listener.LocalEndpoint).Port)];
        }
        finally
        {
            foreach (var listener in listeners)
            {
                listener.Dispose();
            }
        }
    }
}
